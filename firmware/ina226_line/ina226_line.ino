// Prints a line per measurement of an INA226, 100 times a second:  seq,us,mV,mA,mW*hh
//
// hh is the exclusive or of the characters before the *, in hexadecimal.  On the host: --meter line:port=/dev/ttyACM0
// Wiring: board supply + -> IN+, IN- -> board +; VBUS to IN-; SDA, SCL, 3.3 V and GND to the microcontroller.

#include <Wire.h>

const uint8_t ADDRESS = 0x40;
const float SHUNT_OHM = 0.010;         // of your module: R100 is 0.1, R010 is 0.01
const uint32_t INTERVAL_US = 10000;

// 4 averages of 1.1 ms shunt and 1.1 ms bus conversions, continuously: 8.8 ms for each new value
const uint16_t CONFIGURATION = 0x4000 | (1 << 9) | (4 << 6) | (4 << 3) | 7;
const uint8_t CONFIGURATION_REGISTER = 0x00, SHUNT_REGISTER = 0x01, BUS_REGISTER = 0x02;
const float SHUNT_STEP_MV = 0.0025, BUS_STEP_MV = 1.25;

uint32_t sequence = 0;
uint64_t now_us = 0, next_us = 0;
uint32_t last_us = 0;

void write_register(uint8_t number, uint16_t value) {
  Wire.beginTransmission(ADDRESS);
  Wire.write(number);
  Wire.write(value >> 8);
  Wire.write(value & 0xFF);
  Wire.endTransmission();
}

// NAN where the chip does not answer, or can only say that it is at the end of its range: the host takes it for no value.
float read_register(uint8_t number) {
  Wire.beginTransmission(ADDRESS);
  Wire.write(number);
  Wire.endTransmission();
  if (Wire.requestFrom(ADDRESS, (uint8_t)2) != 2) return NAN;
  uint16_t high = Wire.read();
  int16_t value = (int16_t)(high << 8 | (uint8_t)Wire.read());
  return value == INT16_MAX || value == INT16_MIN ? NAN : value;
}

// micros() starts again every 71 minutes; this clock does not.
void update_clock() {
  uint32_t us = micros();
  now_us += (uint32_t)(us - last_us);
  last_us = us;
}

void print_line(float millivolts, float milliamps) {
  char text[80];
  char volts[16], amps[16], watts[16];
  dtostrf(millivolts, 1, 2, volts);
  dtostrf(milliamps, 1, 2, amps);
  dtostrf(millivolts * milliamps / 1000, 1, 2, watts);
  // printf of a microcontroller knows no 64-bit numbers: seconds and microseconds apart
  uint32_t seconds = now_us / 1000000, rest = now_us % 1000000;
  snprintf(text, sizeof text, "%lu,%lu%06lu,%s,%s,%s", (unsigned long)sequence, (unsigned long)seconds,
           (unsigned long)rest, volts, amps, watts);
  uint8_t check = 0;
  for (const char *c = text; *c; c++) check ^= (uint8_t)*c;
  char end[6];
  snprintf(end, sizeof end, "*%02X", check);
  Serial.print(text);
  Serial.println(end);
}

void setup() {
  Serial.begin(115200);
  Wire.begin();
  Wire.setClock(400000);
  write_register(CONFIGURATION_REGISTER, CONFIGURATION);
  last_us = micros();
}

void loop() {
  update_clock();
  if (now_us < next_us) return;
  next_us += INTERVAL_US;
  if (next_us <= now_us) next_us = now_us + INTERVAL_US;  // do not catch up in a burst
  float milliamps = read_register(SHUNT_REGISTER) * SHUNT_STEP_MV / SHUNT_OHM;
  float millivolts = read_register(BUS_REGISTER) * BUS_STEP_MV;
  print_line(millivolts, milliamps);
  sequence++;
}
