-- What is kept of every call: enough to estimate every quantile again, in any order of arms, with lead-in calls or without.
-- Campaigns keep times to 256 ns, so a latency is a whole number of these.
CREATE TABLE packed(
  block USMALLINT, arm VARCHAR, round UTINYINT, turn UTINYINT, position UTINYINT, lead_in BOOLEAN, answered BOOLEAN,
  latency_256ns INTEGER, injected_ns BIGINT
);
