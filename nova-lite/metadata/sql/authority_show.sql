select certificate, sealed
from compute.authorities
where name = $1
