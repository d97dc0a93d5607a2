-- The image is stored, or will not be made.
delete from compute.completions
where image_id = $1::uuid
