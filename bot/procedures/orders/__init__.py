"""What an officer orders, by signed text, about what waits for one."""
