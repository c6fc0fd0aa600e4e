"""Platforms that no test and no newcomer can reach, on a real socket, built from their documented contract.

They serve the tests and `distributor demo --wechat`; the sending never imports them. What the vendor's pages
leave open is an option with the value that is hardest on the caller.
"""
