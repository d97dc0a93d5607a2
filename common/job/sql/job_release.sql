-- What a dead engine of this host had claimed is free again.
update lite.jobs
set claimed_by = null, claimed_at = null
where host = $1 and claimed_by is not null
