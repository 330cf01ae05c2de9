"""Who people are: users, departments, roles, tokens, invitations."""
