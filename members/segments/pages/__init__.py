"""Pages about segments: the builder, lists, a segment's story, frozen audiences, packs, cross tables."""
