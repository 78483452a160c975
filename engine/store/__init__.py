"""What is kept: tenants, rules and their versions, revisions, executions. Callers use
`engine.store.store.Store`.
"""
