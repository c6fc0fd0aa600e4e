"""Logging in by an identity provider: OpenID Connect's authorization code flow with PKCE. Knows no login of ours."""
