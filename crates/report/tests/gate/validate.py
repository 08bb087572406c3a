"""Holds the XML on standard input against a schema: validate.py SCHEMA."""

import sys

from lxml import etree

schema = etree.XMLSchema(etree.parse(sys.argv[1]))
try:
    schema.assertValid(etree.fromstring(sys.stdin.buffer.read()))
except (etree.DocumentInvalid, etree.XMLSyntaxError) as error:
    sys.exit(str(error))
