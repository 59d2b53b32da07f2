DROP TABLE call;
DROP TABLE attempt;
DROP TABLE refusal;
DROP TABLE touch;
