-- Answered calls of placebos of which no injector says what it added. Given: `packed`, and `placebo(arm)`.
SELECT arm, block::INTEGER AS block, count(*)::INTEGER AS calls
FROM packed
WHERE answered AND injected_ns IS NULL AND arm IN (SELECT arm FROM placebo)
GROUP BY ALL
ORDER BY block, arm;
