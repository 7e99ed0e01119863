-- For the metric, which tells how near the most used key is to its end.
GRANT SELECT (uses) ON tenant_keys TO sallyport_vault_worker;
