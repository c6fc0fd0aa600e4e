"""The WeChat Official Account (公众号): material, drafts, publishing, mass sending, events, statistics."""
