"""Addresses of people, roles, tokens, profile and notifications."""

from django.urls import URLPattern, URLResolver, path

from web.views import invitations, notifications, people, profile, roles, tokens

urlpatterns: list[URLPattern | URLResolver] = [
    path("join/<str:secret>/", invitations.join, name="join"),
    path("settings/", profile.settings_home, name="settings"),
    path("profile/", profile.profile, name="profile"),
    path("profile/theme/", profile.choose_theme, name="choose-theme"),
    path("profile/language/", profile.choose_language, name="choose-language"),
    path("people/", people.people, name="people"),
    path("people/invite/", people.invite, name="person-invite"),
    path("people/<int:person_id>/link/", people.renew_link, name="person-link"),
    path("people/<int:person_id>/roles/", people.give_role, name="person-role-give"),
    path("people/<int:person_id>/roles/<int:role_id>/", people.take_role, name="person-role-take"),
    path("people/<int:person_id>/administrator/", people.set_admin, name="person-administrator"),
    path("people/<int:person_id>/deactivate/", people.deactivate, name="person-deactivate"),
    path("people/<int:person_id>/reactivate/", people.reactivate, name="person-reactivate"),
    path("roles/", roles.roles, name="roles"),
    path("roles/new/", roles.new_role, name="role-new"),
    path("roles/<int:role_id>/", roles.edit_role, name="role-edit"),
    path("roles/<int:role_id>/delete/", roles.remove_role, name="role-delete"),
    path("notifications/", notifications.notifications, name="notifications"),
    path("notifications/unread/", notifications.unread, name="notifications-unread"),
    path("notifications/read/", notifications.read_all, name="notifications-read-all"),
    path("notifications/<int:notification_id>/read/", notifications.read, name="notification-read"),
    path("tokens/", tokens.tokens, name="tokens"),
    path("tokens/new/", tokens.new_token, name="token-new"),
    path("tokens/<int:token_id>/revoke/", tokens.revoke, name="token-revoke"),
]
