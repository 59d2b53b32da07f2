-- What many spans and records share; `origin` in the staged tables.
CREATE OR REPLACE TEMP TABLE origins (
  origin INTEGER,
  service VARCHAR,
  resource_attributes VARCHAR,
  scope_name VARCHAR,
  scope_version VARCHAR
)
