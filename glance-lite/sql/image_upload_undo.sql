-- The bytes did not arrive: the image waits for another attempt.
update image.images
set status = 'queued', store = null, updated_at = now()
where id = $1::uuid and status in ('saving', 'uploading') and staged is null
