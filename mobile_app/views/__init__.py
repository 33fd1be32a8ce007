"""What each screen looks like. Every function here turns values into controls; none decides anything."""
