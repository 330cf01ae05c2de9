"""How the work is shaped: processes, pipelines, stages, transitions, fields and who may do what."""
