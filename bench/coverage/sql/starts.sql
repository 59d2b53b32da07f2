-- When each block's first call was due, epoch ms; voided blocks included.
SELECT block::INTEGER AS block, (min(due_ns) // 1000000)::DOUBLE AS ms FROM all_calls GROUP BY block ORDER BY block;
