import django.db.models.deletion
import scrm.ids
import scrm.sealed
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('guides', '0007_refusals'),
        ('members', '0001_initial'),
        ('wecom', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Sync',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', scrm.ids.PublicId(prefix='sy_')),
                ('cause', models.CharField(choices=[('button', 'a person asked for it'), ('command', 'from the command line'), ('nightly', 'every night'), ('connect', 'the corp was connected')], max_length=10, verbose_name='cause')),
                ('state', models.CharField(choices=[('running', 'running'), ('done', 'complete'), ('partial', 'incomplete: nothing was ended'), ('refused', 'WeCom refused everything')], default='running', max_length=10, verbose_name='state')),
                ('phase', models.CharField(max_length=12, verbose_name='phase')),
                ('phase_began_at', models.DateTimeField(verbose_name='phase since')),
                ('step', models.CharField(choices=[('plan', 'asks what there is to read'), ('read', 'reads'), ('finish', 'concludes')], default='plan', max_length=8, verbose_name='step')),
                ('due_at', models.DateTimeField(verbose_name='goes on at')),
                ('attempts', models.IntegerField(default=0, verbose_name='failures in a row')),
                ('counters', models.JSONField(default=dict, verbose_name='counts')),
                ('allowed', models.JSONField(default=dict, help_text='Phase → how many a person said may end, beyond the guard.')),
                ('started_at', models.DateTimeField(verbose_name='started')),
                ('finished_at', models.DateTimeField(null=True, verbose_name='finished')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='started by')),
                ('corp', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='syncs', to='wecom.corp', verbose_name='corp')),
            ],
            options={
                'verbose_name': 'sync',
                'verbose_name_plural': 'syncs',
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='SyncChunk',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('phase', models.CharField(max_length=12)),
                ('number', models.IntegerField()),
                ('payload', models.JSONField(default=dict)),
                ('state', models.CharField(choices=[('waiting', 'waiting'), ('running', 'being read'), ('done', 'done'), ('failed', 'failed')], default='waiting', max_length=8)),
                ('attempts', models.IntegerField(default=0)),
                ('claims', models.IntegerField(default=0, help_text='Who lost its lease must not write over its successor.')),
                ('due_at', models.DateTimeField(help_text='When to read it; of one that is being read, when its lease ends.')),
                ('errcode', models.IntegerField(null=True)),
                ('counters', models.JSONField(default=dict)),
                ('found', models.JSONField(help_text='What was read, where the phase works it in at its end.', null=True)),
                ('sync', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='chunks', to='guides.sync')),
            ],
            options={
                'verbose_name': 'chunk of a sync',
                'verbose_name_plural': 'chunks of syncs',
            },
        ),
        migrations.CreateModel(
            name='SyncMissing',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('read_at', models.DateTimeField()),
                ('chunk', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='guides.syncchunk')),
                ('guide', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='guides.guide')),
                ('member', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='members.member')),
                ('sync', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='missing', to='guides.sync')),
            ],
            options={
                'verbose_name': 'what a sync did not find',
                'verbose_name_plural': 'what syncs did not find',
            },
        ),
        migrations.CreateModel(
            name='Note',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('remark', models.CharField(blank=True, max_length=120, verbose_name='remark')),
                ('description', models.CharField(blank=True, max_length=600, verbose_name='description')),
                ('company', models.CharField(blank=True, max_length=120, verbose_name='company')),
                ('phones', scrm.sealed.SealedField(blank=True, editable=True, null=True, verbose_name='phone numbers')),
                ('phones_digest', models.BinaryField(help_text='Tells whether they changed: no two sealings are alike.', max_length=32, null=True)),
                ('add_way', models.SmallIntegerField(default=0, verbose_name='came by')),
                ('changed_at', models.DateTimeField(verbose_name='changed')),
                ('guide', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notes', to='guides.guide', verbose_name='guide')),
                ('member', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='notes', to='members.member', verbose_name='customer')),
            ],
            options={
                'verbose_name': 'note',
                'verbose_name_plural': 'notes',
                'constraints': [models.UniqueConstraint(fields=('member', 'guide'), name='a_guide_keeps_one_note_of_a_customer')],
            },
        ),
        migrations.AddConstraint(
            model_name='sync',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'running')), fields=('corp',), name='a_corp_has_one_running_sync'),
        ),
        migrations.AddIndex(
            model_name='syncchunk',
            index=models.Index(condition=models.Q(('state__in', ['waiting', 'running'])), fields=['sync', 'phase', 'due_at'], name='chunks_to_read'),
        ),
        migrations.AddConstraint(
            model_name='syncchunk',
            constraint=models.UniqueConstraint(fields=('sync', 'phase', 'number'), name='a_chunk_of_a_sync_is_planned_once'),
        ),
    ]
