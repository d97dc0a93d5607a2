-- Host $1 took $4 seconds for $3 bytes or files of kind $2.
select image.manifest_rate_note($1, $2, $3::text::float8, $4::text::float8)
