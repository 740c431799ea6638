"""The services and their prefetch templates follow the specification and the content."""

from __future__ import annotations

import re

from cds_hooks.content import Content
from cds_hooks.services.registry import list_gene_codes

TOKEN = re.compile(r"\{\{([^}]*)\}\}")
UNSAFE = ("_include", "_revinclude", "_has", ":", ".")


def test_templates_use_one_token_only(content: Content) -> None:
    """The drafts may not be used in templates, and other tokens are not known to every client."""
    for service in content.services.values():
        for template in service.prefetch.values():
            assert TOKEN.findall(template) == ["context.patientId"]


def test_templates_repeat_no_parameter_and_chain_none(content: Content) -> None:
    """Clients fold repeated parameters together, and few servers chain."""
    for template in content.services["pgx-order-select"].prefetch.values():
        names = [part.partition("=")[0] for part in template.partition("?")[2].split("&") if part]
        assert len(names) == len(set(names))
        assert not [name for name in names if any(mark in name for mark in UNSAFE)]


def test_every_code_of_a_gene_is_asked_for(content: Content) -> None:
    """A gene whose file gains a code is searched for by it from the next start."""
    asked = set(list_gene_codes(content.library))
    for gene in content.library.genes.values():
        codes = {code for codes in gene.loinc.values() for code in codes} | set(gene.presence_loinc)
        assert {f"http://loinc.org|{code}" for code in codes} <= asked


def test_no_code_is_asked_for_twice(content: Content) -> None:
    """The query stays as short as it can be."""
    codes = list_gene_codes(content.library)
    assert len(codes) == len(set(codes))
