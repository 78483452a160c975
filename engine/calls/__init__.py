"""What rules ask of the outside: HTTP, and values kept between logins. Callers use `engine.calls.outside.Outside`."""
