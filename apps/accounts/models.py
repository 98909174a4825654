"""Who may see and do what: users, teams, roles, API keys, and the record of what was done."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower, Now


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **extra: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **extra)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **extra: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **extra)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in by e-mail address. Superusers see the admin, across teams."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=150, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "email"

    class Meta:
        db_table = "users"
        constraints = [models.UniqueConstraint(Lower("email"), name="users_email_any_case")]

    def __str__(self) -> str:
        return self.email


class Team(models.Model):
    """Whose rows they are. `feed_position` numbers the team's changes in commit order (see `changes.recording`).

    `noise_rules`: one `MemberType:name` a line, both with `*` as a glob, e.g. `Profile:Admin`; what matches stays
    out of the feed and of overlaps.
    """

    name = models.CharField(max_length=100)
    slug = models.SlugField(unique=True)
    noise_rules = models.TextField(blank=True, default="Profile:Admin")
    feed_position = models.BigIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "teams"

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """In rising order: each may do what the one before may. See `apps.accounts.permissions`."""

    VIEWER = "viewer"
    DEVELOPER = "developer"
    MAINTAINER = "maintainer"
    OWNER = "owner"


class Membership(models.Model):
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices, default=Role.VIEWER)

    class Meta:
        db_table = "memberships"
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="memberships_once_per_team")]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} of {self.team}"


class ApiKey(models.Model):
    """A key is shown once; of it stay the prefix, by which it is found, and the SHA-256 of the whole."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.BinaryField(max_length=32)
    scopes = ArrayField(models.CharField(max_length=10))
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "api_keys"
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class AuditEntry(models.Model):
    """Who did what, when. Rows are only ever added."""

    team = models.ForeignKey(Team, null=True, on_delete=models.CASCADE)
    actor = models.CharField(max_length=255)
    action = models.CharField(max_length=50)
    target = models.CharField(max_length=255, blank=True)
    data = models.JSONField(default=dict)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "audit_entries"
        verbose_name_plural = "audit entries"
        indexes = [models.Index(fields=["team", "-id"], name="audit_entries_newest")]

    def __str__(self) -> str:
        return f"{self.actor} {self.action} {self.target}"
