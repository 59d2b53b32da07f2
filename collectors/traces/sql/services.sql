SELECT code, name, role FROM service ORDER BY code;
