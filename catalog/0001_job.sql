-- SPDX-License-Identifier: Apache-2.0
-- Long operations (common/job): each row is one run through a table of steps.
create schema lite;

create table lite.jobs (
	id bigint generated always as identity primary key,
	kind text not null,		-- the table of steps: server_create ...
	host text not null,		-- whose engine runs it
	subject uuid not null,		-- the server; one job at a time each
	args jsonb not null default '{}',
	step text,			-- recorded before it is begun
	undoing boolean not null default false,
	error text,			-- why it is being undone
	request_id text not null,
	claimed_by text,		-- the engine's token, or free
	claimed_at timestamptz,
	created_at timestamptz not null default now(),
	check (not undoing or error is not null)
);
create index jobs_claim_idx on lite.jobs (host, id) where claimed_by is null;
create index jobs_subject_idx on lite.jobs (subject, id);
