INSERT INTO touched
SELECT c.cb, c.trace FROM call c LEFT JOIN touch t ON t.trace = c.trace WHERE c.unauthorized > 0 OR t.trace IS NOT NULL;
