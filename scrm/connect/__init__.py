"""Connecting a corp, step by step: each step says where to click in WeCom's console and is checked at once."""
