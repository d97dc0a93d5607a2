/* SPDX-License-Identifier: Apache-2.0 */
#include "nova-lite/metadata/signing_keys.h"

#include "common/crypto/jws.h"

void signing_keys_write(const struct rows *rows, struct buf *out)
{
	buf_adds(out, "{\"keys\":[");
	for (int i = 0; i < rows->n; i++) {
		struct row row = rows_at(rows, i);

		buf_adds(out, i ? "," : "");
		jws_public_write(row_text(&row, 0), row_text(&row, 1), out);
	}
	buf_adds(out, "]}");
}
