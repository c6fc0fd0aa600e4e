"""Group chats on any platform that the Apprise library knows (飞书, 钉钉, Slack …); an optional extra."""
