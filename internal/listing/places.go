package listing

import (
	"strings"
	"sync"
)

// endings are places that an address ends with and that leave no doubt about its country, by the country's code: there is one
// of each in the world. They tell the country where the code is missing, or is one that somebody picked by mistake: the
// code beside the right one (TJ in Taipei, JO in Hiroshima), the first of the form (US in Shenzhen), a province's (GD in
// Zhuhai), or China's where ISO 3166-1 has another. A name such as Georgia, Jersey or Wales is no such place.
var endings = map[string]string{
	"AT": "Upper Austria",
	"CN": "Beijing,Shanghai,Tianjin,Chongqing,Guangdong,Shenzhen,Guangzhou,Dongguan,Zhuhai,Zhejiang,Hangzhou,Ningbo,Jiangsu,Nanjing,Suzhou,Fujian,Xiamen,Fuzhou,Sichuan,Chengdu,Hubei,Wuhan,Hunan,Shandong,Shaanxi,Henan,Hebei,Liaoning,Jiangxi,Anhui",
	"CZ": "Czech Republic,Praha",
	"DE": "NRW,Deutschland",
	"FR": "France",
	"GG": "Guernsey",
	"HK": "Hong Kong,Hongkong,Kowloon",
	"IL": "Israel",
	"JP": "Tokyo,Osaka,Kyoto,Kanagawa,Yokohama,Hiroshima,Saitama,Aichi,Aichi-ken,Nagoya",
	"KR": "Seoul,Gyeonggi-do,Gyeonggi,Kyung-Ki,Kyunggi-do,Daejeon,Busan",
	"KY": "Cayman Islands,Grand Cayman",
	"MO": "Macau,Macao",
	"SG": "Singapore",
	"TW": "Taiwan,Taipei,Hsinchu,Hsin-chu,Taoyuan,Taichung,Kaohsiung,Tainan",
}

var places = sync.OnceValue(func() map[string]string {
	byName := map[string]string{}
	for code, names := range endings {
		for name := range strings.SplitSeq(names, ",") {
			byName[strings.ToLower(name)] = code
		}
	}
	return byName
})

// divisions follow the name of a place: "Guangdong Province", "Taipei Hsien".
var divisions = map[string]bool{"province": true, "city": true, "hsien": true, "county": true, "prov": true, "shi": true}

// placeAtEnd returns the code of the country that an address's last place is in. A postcode may follow.
func placeAtEnd(words []string) (code string, found bool) {
	for len(words) > 0 && (hasDigit(words[len(words)-1:]) || bare(words[len(words)-1:]) == "" || divisions[strings.ToLower(bare(words[len(words)-1:]))]) {
		words = words[:len(words)-1]
	}
	for n := min(2, len(words)); n > 0; n-- {
		if code, found = places()[strings.ToLower(bare(words[len(words)-n:]))]; found {
			return code, true
		}
	}
	return "", false
}

// cityStates have the name of their capital: with a postcode behind it, it is the city's.
var cityStates = map[string]bool{"HK": true, "KW": true, "LU": true, "MC": true, "MO": true, "SG": true, "SM": true, "GI": true, "PA": true, "GT": true, "MX": true}

// withdrawnCodes are codes that ISO 3166 has taken back, of countries that still go by a name of their own in addresses.
var withdrawnCodes = map[string]string{"YU": "RS"}

// statesByZIP are the states of the USA by the first digit of their ZIP codes.
var statesByZIP = [10]string{
	"CT MA ME NH NJ RI VT", "DE NY PA", "DC MD NC SC VA WV", "AL FL GA MS TN", "IN KY MI OH", "IA MN MT ND SD WI", "IL KS MO NE", "AR LA OK TX",
	"AZ CO ID NM NV UT WY", "AK CA HI OR WA",
}

// isZIP reports whether the words are a ZIP code of the state.
func isZIP(state string, words []string) bool {
	text := strings.Join(words, " ")
	return len(state) == 2 && zipCode.MatchString(text) && strings.Contains(statesByZIP[text[0]-'0'], strings.ToUpper(state))
}

// stateOfCode are codes of countries without such postcodes, which are then the state.
var stateOfCode = map[string]string{"CA": "CA", "MA": "MA", "NC": "NC"}

// besideUS are the codes that stand beside US in a form's list, of countries without five digits in their postcodes.
var besideUS = map[string]bool{"VE": true, "VI": true, "VU": true}
