-- The blocks' files, one behind the other: each is ordered, and their order is that of the list.
SELECT * FROM read_parquet({files})
