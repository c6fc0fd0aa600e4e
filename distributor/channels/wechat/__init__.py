"""Tencent's platforms: WeCom (企业微信) apps and robots, and the WeChat Official Account (公众号)."""
