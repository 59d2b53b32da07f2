-- Points in time are kept to 256 ns: rounded down, so that their order stays and children stay inside their parents. Finer
-- digits are noise of reading the clock, and would make the files a fifth larger.
CREATE OR REPLACE TEMP MACRO stored(ns) AS ns - ns % 256
