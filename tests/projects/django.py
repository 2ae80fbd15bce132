"""A Django project of two apps: a foreign key between them, RunPython, an index built concurrently."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

_URL = """
    from urllib.parse import urlsplit
    url = urlsplit(os.environ["DATABASE_URL"])
    PLACE = {"HOST": url.hostname, "PORT": url.port, "USER": url.username, "NAME": url.path[1:]}
"""
_LIBPQ = """
    PLACE = {key: os.environ[name] for key, name in
             {"HOST": "PGHOST", "PORT": "PGPORT", "USER": "PGUSER", "NAME": "PGDATABASE"}.items()}
"""
_SETTINGS = """
    INSTALLED_APPS = ["people", "shop"]
    DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", **PLACE}}
    DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
    SECRET_KEY = "toy"
    USE_TZ = True
"""
_MANAGE = """
    import os, sys
    from django.core.management import execute_from_command_line
    os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
    execute_from_command_line(sys.argv)
"""
_PEOPLE = """
    from django.db import migrations, models
    class Migration(migrations.Migration):
        dependencies = []
        operations = [migrations.CreateModel("Person", [("id", models.BigAutoField(primary_key=True))])]
"""
_ORDERS = """
    from django.db import migrations, models
    class Migration(migrations.Migration):
        dependencies = [("people", "0001_initial")]
        operations = [
            migrations.CreateModel("Order", [
                ("id", models.BigAutoField(primary_key=True)),
                ("note", models.TextField(null=True)),
                ("person", models.ForeignKey("people.Person", models.CASCADE, null=True)),
            ]),
            migrations.RunSQL("CREATE TABLE seen (app text)"),
        ]
"""
_FILL = '''
    """Fill the notes."""
    from django.db import migrations
    def fill(apps, schema_editor):
        Order = apps.get_model("shop", "Order")
        orders = Order.objects
        schema_editor.execute("INSERT INTO seen SELECT pg_catalog.current_setting('application_name')")
        orders.create()
        {fill}
    class Migration(migrations.Migration):
        dependencies = [("shop", "0001_initial")]
        operations = [migrations.RunPython(fill)]
'''
_INDEX = """
    from django.contrib.postgres.operations import AddIndexConcurrently
    from django.db import migrations, models
    class Migration(migrations.Migration):
        atomic = False
        dependencies = [("shop", "0002_fill")]
        operations = [AddIndexConcurrently("order", models.Index(fields=["note"], name="by_note"))]
"""


def project(
    directory: Path, *, reached_by: str = "DATABASE_URL", fill: str = "orders.filter(note=None).update(note='filled')"
) -> None:
    """Write the project; `fill` is what its RunPython does last."""
    place = _URL if reached_by == "DATABASE_URL" else _LIBPQ
    files = {
        "manage.py": _MANAGE,
        "settings.py": f"    import os\n{place}{_SETTINGS}",
        "people/migrations/0001_initial.py": _PEOPLE,
        "shop/migrations/0001_initial.py": _ORDERS,
        "shop/migrations/0002_fill.py": _FILL.format(fill=fill),
        "shop/migrations/0003_index.py": _INDEX,
    }
    for app in ("people", "shop"):
        files |= {f"{app}/__init__.py": "", f"{app}/migrations/__init__.py": ""}
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(dedent(text).lstrip())
