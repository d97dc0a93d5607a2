/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/virt/xml.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/mem.h"

static const xmlChar *utf8(const char *s)
{
	return (const xmlChar *)s;
}

static void check(int rc)
{
	if (rc < 0)
		abort();
}

void xml_init(struct xml *x)
{
	x->buffer = xmlBufferCreate();
	x->writer = x->buffer ? xmlNewTextWriterMemory(x->buffer, 0) : NULL;
	check(x->writer ? 0 : -1);
	check(xmlTextWriterSetIndent(x->writer, 1));
}

char *xml_finish(struct xml *x)
{
	char *text;

	check(xmlTextWriterEndDocument(x->writer));
	xmlFreeTextWriter(x->writer);
	text = xstrdup((const char *)xmlBufferContent(x->buffer));
	xmlBufferFree(x->buffer);
	return text;
}

void xml_open(struct xml *x, const char *name)
{
	check(xmlTextWriterStartElement(x->writer, utf8(name)));
}

void xml_close(struct xml *x)
{
	check(xmlTextWriterEndElement(x->writer));
}

void xml_attr(struct xml *x, const char *name, const char *value)
{
	if (value)
		check(xmlTextWriterWriteAttribute(x->writer, utf8(name),
						  utf8(value)));
}

void xml_attr_uint(struct xml *x, const char *name, unsigned long value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lu", value);
	xml_attr(x, name, text);
}

void xml_content(struct xml *x, const char *text)
{
	check(xmlTextWriterWriteString(x->writer, utf8(text)));
}

void xml_text(struct xml *x, const char *name, const char *text)
{
	if (text)
		check(xmlTextWriterWriteElement(x->writer, utf8(name),
						utf8(text)));
}

void xml_text_uint(struct xml *x, const char *name, unsigned long value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lu", value);
	xml_text(x, name, text);
}

void xml_leaf(struct xml *x, const char *name, ...)
{
	const char *key;
	va_list ap;

	xml_open(x, name);
	va_start(ap, name);
	while ((key = va_arg(ap, const char *)) != NULL)
		xml_attr(x, key, va_arg(ap, const char *));
	va_end(ap);
	xml_close(x);
}
