-- What this host was making when it stopped.
delete from compute.completions
where host = $1 and not made
