"""The service as the first page meets it, on a fixed day: one synthetic patient is a child."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from cds_hooks.content import Content
from cds_hooks.settings import Settings
from cds_hooks.web.engine import EXTENSION


@pytest.fixture(scope="module")
def demo_app(content: Content) -> Flask:
    """The service on 23 November 2026."""
    app = create_app(Settings(database="sqlite://"), content)
    app.extensions[EXTENSION] = replace(app.extensions[EXTENSION], today=lambda: date(2026, 11, 23))
    return app


@pytest.fixture
def visitor(demo_app: Flask) -> FlaskClient:
    """Somebody who opens the page on this machine."""
    return demo_app.test_client()
