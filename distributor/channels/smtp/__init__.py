"""Letters over SMTP. aiosmtplib opens the line; the transaction is our own, so that the stage of a failure is known."""

from distributor.channels.smtp.channel import SmtpChannel

__all__ = ["SmtpChannel"]
