from integrations.notation import MISSING
from integrations.xml_values import every, xml_value


def test_elements_become_members_without_their_namespaces():
    assert xml_value(b'<?xml version="1.0"?><a xmlns="urn:x"><b>1</b><b>2</b><c/></a>') == {
        "a": {"b": ["1", "2"], "c": ""}
    }


def test_what_is_no_xml_is_missing():
    assert xml_value(b"") is xml_value(b'{"a": 1}') is xml_value(b"<a><b></a>") is MISSING


def test_a_document_type_is_refused_before_its_entities_can_grow():
    assert xml_value(b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>') is MISSING


def test_what_is_nested_without_end_is_refused():
    assert xml_value(b"<a>" * 5000 + b"</a>" * 5000) is MISSING


def test_one_element_or_none_can_be_walked_like_many():
    assert (list(every(None)), list(every("")), list(every({"a": "1"})), list(every(["1", "2"]))) == (
        [],
        [],
        [{"a": "1"}],
        ["1", "2"],
    )
