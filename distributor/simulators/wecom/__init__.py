"""WeCom (企业微信): apps, robots, media, contacts, cards, callbacks and the web login."""
