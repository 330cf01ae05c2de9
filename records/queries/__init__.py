"""What people and programs are shown of records: functions that return small frozen objects."""
