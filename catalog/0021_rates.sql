-- SPDX-License-Identifier: Apache-2.0
-- Rates of hosts that have measured one kind of edit and not the other: a
-- guess beside a measurement made a host that injects fast look slow at
-- removing, so that it passed over candidates that were cheaper than the base.

-- What a host measured, or all of them (null); null: nothing of this kind.
create function image.manifest_prices(want text,
	out transfer double precision,	-- seconds a byte
	out injection double precision,	-- seconds a file
	out removal double precision)
language sql stable as $$
	select max(p.each) filter (where p.kind = 'transfer'),
		max(p.each) filter (where p.kind = 'injection'),
		max(p.each) filter (where p.kind = 'removal')
	from (
		select kind, greatest(sum(seconds), 1e-9) / sum(amount) as each
		from image.rates
		where host = want or want is null
		group by kind
	) p
$$;

-- The rates of a host; of all hosts where it has measured nothing; else a
-- guess: a gigabit a second, 7 ms to inject a file, 2 ms to remove one.
-- Injection and removal are guessed of each other where one was measured, in
-- the proportion that they have on all hosts, where removal is the cheaper.
create or replace function image.manifest_rates(want text,
	out transfer double precision,	-- bytes a second
	out injection double precision,	-- seconds a file
	out removal double precision)
language sql stable as $$
	select coalesce(1 / own.transfer, 1 / every.transfer, 125e6),
		coalesce(own.injection, own.removal / p.part,
			every.injection, every.removal / p.part, 0.007),
		coalesce(own.removal, own.injection * p.part,
			every.removal, every.injection * p.part, 0.002)
	from image.manifest_prices(want) own,
		image.manifest_prices(null) every
	cross join lateral (
		select greatest(0.01, least(1, coalesce(
			every.removal / every.injection,
			0.002 / 0.007::float8))) as part
	) p
$$;
