-- What is kept of each batch until the last one is read: its tasks, and the calls that met a 401.
CREATE TABLE task(cb INTEGER, calls INTEGER, answered BOOLEAN, task_ns BIGINT);
CREATE TABLE touched(cb INTEGER, trace UBIGINT);
