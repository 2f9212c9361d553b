"""What an agent does at Lanyard, as flows: attests, opens sessions, gets tokens, offers, renews, ends."""
