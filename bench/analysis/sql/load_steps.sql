SELECT * FROM load_step ORDER BY number;
