-- What a project has of each resource.
select @quota
