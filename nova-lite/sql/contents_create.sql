-- Keeps contents for the jobs of a request, each once.
insert into compute.contents (request_id, sha256, data)
values ($1, $2, decode($3, 'base64'))
on conflict on constraint contents_pkey do nothing
