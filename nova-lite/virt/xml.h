/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LITE_XML_H
#define LITE_XML_H

#include <libxml/xmlwriter.h>

/*
 * Writes one XML document into memory: libxml2's writer without its casts and
 * return values, which can only say that memory ran out.
 */
struct xml {
	xmlBufferPtr buffer;
	xmlTextWriterPtr writer;
};

void xml_init(struct xml *x);
/* Ends the writer and returns the text; the caller frees it. */
char *xml_finish(struct xml *x);

void xml_open(struct xml *x, const char *name);
void xml_close(struct xml *x);
/* Attributes of the element that was opened last; value NULL: left out. */
void xml_attr(struct xml *x, const char *name, const char *value);
void xml_attr_uint(struct xml *x, const char *name, unsigned long value);
/* Text inside the element that is open. */
void xml_content(struct xml *x, const char *text);
/* <name>text</name>; text NULL: left out. */
void xml_text(struct xml *x, const char *name, const char *text);
void xml_text_uint(struct xml *x, const char *name, unsigned long value);
/* <name key="value" .../> from pairs of strings, ended by NULL. */
void xml_leaf(struct xml *x, const char *name, ...)
	__attribute__((sentinel));

#endif
