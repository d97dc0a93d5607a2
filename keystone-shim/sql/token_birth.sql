-- SPDX-License-Identifier: Apache-2.0
-- Tokens are dated in whole seconds: the present one, and the milliseconds to
-- its end if in it tokens of $1 user, $2 project, $3 domain were revoked,
-- because a token of that second would be taken for one of those.
select @birth
from (select clock_timestamp() as t) c
