from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orgs", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="devhub",
            name="sf_cli_error",
            field=models.CharField(blank=True, db_default="", max_length=50),
        ),
        migrations.AddField(
            model_name="scratchorg",
            name="known_to_sf_cli",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.AlterField(
            model_name="scratchorg",
            name="credential",
            field=models.CharField(
                blank=True,
                choices=[("jwt", "Jwt"), ("refresh_token", "Refresh"), ("sf_cli", "Sf Cli")],
                max_length=20,
            ),
        ),
    ]
